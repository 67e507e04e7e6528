/** RTM_NEWLINK for index 1 with IFF_UP: a new network namespace has its loopback down (rtnetlink(7)). */
export const LOOPBACK_UP: Uint8Array = newLinkUp(1);

function newLinkUp(index: number): Uint8Array {
  const RTM_NEWLINK = 16;
  const NLM_F_REQUEST_ACK = 0x5;
  const IFF_UP = 1;
  const view = new DataView(new ArrayBuffer(32));
  view.setUint32(0, 32, true);
  view.setUint16(4, RTM_NEWLINK, true);
  view.setUint16(6, NLM_F_REQUEST_ACK, true);
  view.setUint32(8, 1, true);
  view.setInt32(20, index, true);
  view.setUint32(24, IFF_UP, true);
  view.setUint32(28, IFF_UP, true);
  return new Uint8Array(view.buffer);
}
