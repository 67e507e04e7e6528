/** What every listing needs, as one piece, for the reason that ../core.ts tells: the small modules below import this one. */
import "./columns.ts";
import "./duration.ts";
import "./labels.ts";
import "./listing.ts";
import "./names.ts";
import "./ports.ts";
import "./size.ts";
import "../options/filters.ts";
