import { type Notification, notification } from './notification.ts'

/** The peer broke the protocol in a way that ends the session; carries the NOTIFICATION to send. */
export class PeerFault extends Error {
  readonly notification: Notification

  constructor(code: number, subcode: number, message: string, data: Uint8Array | readonly number[] = []) {
    super(message)
    this.name = 'PeerFault'
    this.notification = notification(code, subcode, data)
  }
}
