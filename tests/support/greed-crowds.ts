/** The crowds of `greed-crowd.ts`, with as many connections as the broker must bear of each. */
export const CROWDS = {
  parked: 4000,
  unread: 1500,
  stalled: 300,
  bombs: 48,
  'bombs-22': 48,
  slow: 2000,
} as const

export type Crowd = keyof typeof CROWDS

/** What a crowd's process tells its parent. */
export interface CrowdNews {
  readonly connected: number
  readonly closed: number
  readonly answers: number
  /** Kernel memory of the sockets on the crowd's side. */
  readonly kernelBytes: number
}

/** Connections that a crowd opens at a time. */
export const CONNECTING_MAX = 64
