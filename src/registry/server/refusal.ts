/** OCI distribution spec 1.1, "Error Codes": each with the status it goes out with. */
const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
} as const;

export type RefusalCode = keyof typeof STATUS;

export interface RefusalOptions {
  /** Where the code alone does not say enough: 413 for what is too large, 404 for a path that is none. */
  readonly status?: number;
  readonly detail?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is the client's fault, or asks it to come again. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly code: RefusalCode,
    message: string,
    { status = STATUS[code], detail, headers = {} }: RefusalOptions = {},
  ) {
    super(message);
    this.status = status;
    this.detail = detail;
    this.headers = headers;
  }

  /** The spec's JSON body. */
  answer(): Response {
    const error = { code: this.code, message: this.message, ...(this.detail !== undefined && { detail: this.detail }) };
    return Response.json({ errors: [error] }, { status: this.status, headers: this.headers });
  }
}
