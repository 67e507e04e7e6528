/** Makes the tokens that token.ts checks. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { EngineError, messageOf } from "../../../base/mod.ts";
import type { TokenKeys } from "./token.ts";

/** What our own tokens say of who made them and for whom. */
export const OWN = { issuer: "hako-registry", service: "hako-registry" };
/** A push of many layers renews its token in the middle. */
const LIFE_SECONDS = 300;

export interface Granted {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresInSeconds: number;
  readonly issuedAt: Date;
}

export class TokenIssuer {
  readonly keys: TokenKeys;
  readonly #key: KeyObject;

  /** @param path of a private key in PEM; without one it is made now @throws EngineError */
  constructor(path?: string) {
    this.#key = path === undefined ? generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey : readKey(path);
    this.keys = { keys: [{ id: undefined, key: createPublicKey(this.#key) }], certificates: [] };
  }

  /** @param subject "" for whoever has not said who they are */
  issue(subject: string, access: readonly Granted[], now = new Date()): IssuedToken {
    const seconds = Math.floor(now.getTime() / 1000);
    const claims = { iss: OWN.issuer, aud: OWN.service, sub: subject, iat: seconds, nbf: seconds, exp: seconds + LIFE_SECONDS, jti: crypto.randomUUID(), access };
    const signed = `${encode({ typ: "JWT", alg: "ES256" })}.${encode(claims)}`;
    return { token: `${signed}.${sign("sha256", Buffer.from(signed), { key: this.#key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`, expiresInSeconds: LIFE_SECONDS, issuedAt: now };
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function readKey(path: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(path, "utf8"));
  } catch (error) {
    throw new EngineError("InvalidParameter", `the key ${path} cannot be used to sign tokens: ${messageOf(error)}`);
  }
  if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw new EngineError("InvalidParameter", `the key ${path} cannot be used to sign tokens: it is not of the curve P-256`);
  return key;
}
