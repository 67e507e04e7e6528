/** Why a file's key cannot be used, in docker's words. */
export class UnusableKey extends Error {
  static encrypted(): UnusableKey {
    return new UnusableKey("ssh: this private key is passphrase protected");
  }
}
