import type { Host } from '../host/host.ts'

/** What a client asks of the world. Any mix of real and simulated parts will do. */
export type ClientHost = Pick<Host, 'loop' | 'clock' | 'random' | 'net' | 'crc32c'>

/** Resolves after `delayMs`. */
export function delay(host: ClientHost, delayMs: number): Promise<void> {
  return new Promise(resolve => {
    host.clock.schedule(delayMs, resolve)
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
