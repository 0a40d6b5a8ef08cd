/** Where struct nlmsghdr has the port of who asked. */
const PORT_OFFSET = 12
const LOAD_WORD = 0x20
const JUMP_IF_EQUAL = 0x15
const RETURN = 0x06
const ALL = 0xffffffff

/** The program of a socket filter that drops news of what was asked for from this port: what we did, we know. */
export function dropNewsOf(port: number): Uint8Array {
  const octets = new Uint8Array(32)
  const view = new DataView(octets.buffer)
  const instruction = (i: number, code: number, ifFalse: number, operand: number) => {
    view.setUint16(8 * i, code, true)
    view.setUint8(8 * i + 3, ifFalse)
    view.setUint32(8 * i + 4, operand, true)
  }
  instruction(0, LOAD_WORD, 0, PORT_OFFSET)
  instruction(1, JUMP_IF_EQUAL, 1, inNetworkOrder(port))
  instruction(2, RETURN, 0, 0)
  instruction(3, RETURN, 0, ALL)
  return octets
}

/** The machine of the filter loads words in network order; the port stands there in the host's. */
function inNetworkOrder(port: number): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint32(0, port, true)
  return view.getUint32(0)
}
