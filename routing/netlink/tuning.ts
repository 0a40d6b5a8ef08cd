/**
 * Socket options that the netlink package cannot set; who embeds us provides them. They are not a luxury: a receive
 * buffer that overflows makes poll report an error, at which the package's native code ends the process.
 */
export interface SocketTuning {
  /** NETLINK_NO_ENOBUFS: messages that do not fit are dropped and counted, and the socket stays usable. */
  dropOnOverflow(descriptor: number): void
  /** NETLINK_CAP_ACK: an error does not carry the request that caused it. */
  shortenErrors(descriptor: number): void
  /** SO_RCVBUFFORCE. */
  forceReceiveBuffer(descriptor: number, octets: number): void
  /** SO_ATTACH_FILTER: a classic BPF program, as octets of struct sock_filter. */
  attachFilter(descriptor: number, program: Uint8Array): void
}
