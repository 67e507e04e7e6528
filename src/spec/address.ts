/** An IPv4 or IPv6 address; node:net, which knows it too, costs more than everything else at start. */
export function isAddress(text: string): boolean {
  if (/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) return text.split(".").every((part) => Number(part) < 256);
  return /^[0-9a-fA-F:.]+$/.test(text) && text.includes(":") && URL.canParse(`http://[${text}]/`);
}
