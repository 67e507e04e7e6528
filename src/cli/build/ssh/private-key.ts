import { createPrivateKey, type KeyObject } from "node:crypto";
import { parseOpenSshKey } from "./openssh-key.ts";
import { UnusableKey } from "./unusable-key.ts";

const OPENSSH = "OPENSSH PRIVATE KEY";
/** PKCS #1, PKCS #8, SEC 1. */
const PEM_FORMS: ReadonlySet<string> = new Set(["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"]);

/** A private key that is not encrypted, of the text of its file. @throws UnusableKey */
export function parsePrivateKey(text: string): KeyObject {
  const [block, form = "", body = ""] = /^-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?\n([^]*?)\r?\n-----END \1-----/m.exec(text) ?? [];
  if (block === undefined) throw new UnusableKey("ssh: no key found");
  if (/^Proc-Type:.*ENCRYPTED/m.test(body)) throw UnusableKey.encrypted();
  if (form !== OPENSSH && !PEM_FORMS.has(form)) throw new UnusableKey(`ssh: unsupported key type ${JSON.stringify(form)}`);
  try {
    return form === OPENSSH ? parseOpenSshKey(Buffer.from(body, "base64")) : createPrivateKey(`${block}\n`);
  } catch (error) {
    if (error instanceof UnusableKey) throw error;
    throw new UnusableKey(`ssh: malformed private key: ${error instanceof Error ? error.message : String(error)}`);
  }
}
