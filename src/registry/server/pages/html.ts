import type { Words } from "./words.ts";

/** Text that may stand in a page as it is: only `html` makes it. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = Html | readonly Html[] | string | number;

/** A template whose values are escaped, unless they are HTML already. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(parts.map((part, i) => part + rendered(values[i] ?? "")).join(""));
}

function rendered(value: Value): string {
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map((each) => each.text).join("");
  return escapeHtml(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Also takes away what turns text around or cannot be seen: names of images come from strangers. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "").replace(/[\p{Cc}\p{Cf}]/gu, "�");
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: baseline; justify-content: space-between; border-bottom: 1px solid var(--line); padding-bottom: .5rem; }
h1, h2 { font-size: 1.2rem; margin: 1rem 0 .5rem; overflow-wrap: anywhere; }
a { color: LinkText; text-decoration: none; } a:hover, a:focus { text-decoration: underline; }
input, button { font: inherit; padding: .3rem .6rem; }
table { border-collapse: collapse; width: 100%; } th { text-align: start; font-weight: 600; }
td, th { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
td.number { text-align: end; white-space: nowrap; }
code { font-family: ui-monospace, monospace; font-size: .9em; }
code.command { display: block; padding: .6rem; background: var(--soft); user-select: all; overflow-x: auto; white-space: nowrap; }
ul.names { list-style: none; padding: 0; } ul.names li { padding: .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
`;

/** Nothing is loaded from anywhere, no script runs, nobody may frame it; the one style is named by its hash. */
const POLICY = `default-src 'none'; style-src 'sha256-${new Bun.CryptoHasher("sha256").update(STYLE).digest("base64")}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;

export interface Page {
  readonly words: Words;
  readonly title: string;
  readonly body: Html;
  /** What is in the search field. */
  readonly query?: string;
  readonly status?: number;
}

export function pageAnswer({ words, title, body, query = "", status = 200 }: Page): Response {
  const page = html`<!doctype html>
<html lang="${words.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header>
<a href="/"><strong>${words.title}</strong></a>
<form action="/" role="search"><input type="search" name="q" value="${query}" aria-label="${words.search}" placeholder="${words.search}" maxlength="255"> <button>${words.searchButton}</button></form>
</header>
<main>
${body}
</main>
</body>
</html>
`;
  const headers = { "Content-Type": "text/html; charset=utf-8", "Content-Language": words.language, "Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache", Vary: "Accept-Language, Authorization" };
  return new Response(page.text, { status, headers });
}
