import type { Host } from '../host/host.ts'

/** What a client asks of the world. Any mix of real and simulated parts will do. */
export type ClientHost = Pick<Host, 'loop' | 'clock' | 'random' | 'net' | 'crc32c'>

/** Resolves after `delayMs`. */
export function delay(host: ClientHost, delayMs: number): Promise<void> {
  return new Promise(resolve => {
    host.clock.schedule(delayMs, resolve)
  })
}

/** Resolves once `promise` settles, either way, or after `timeoutMs`; Infinity is no limit. */
export function settledWithin(
  host: ClientHost,
  promise: Promise<unknown>,
  timeoutMs: number,
): Promise<void> {
  return new Promise(resolve => {
    const isBounded = timeoutMs < Number.POSITIVE_INFINITY
    const timer = isBounded ? host.clock.schedule(Math.max(0, timeoutMs), resolve) : null
    const done = () => {
      timer?.cancel()
      resolve()
    }
    promise.then(done, done)
  })
}

/** Where a broker listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** `host:port`, with brackets around an IPv6 host. */
export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
