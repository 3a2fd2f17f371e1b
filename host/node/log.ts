import { pino } from 'pino'
import type { Logger, LogLevel } from '../host.ts'

/** How the real host's logger writes. */
export interface LogOptions {
  /** The least severe level that is written at first. Default 'info'. */
  readonly level?: LogLevel
  /** A file descriptor, or the path of a file to append to. Default: standard output. */
  readonly destination?: number | string
}

/**
 * A pino logger: one JSON object a line, written at once, so that a crash loses none. It writes
 * every level: what is let through is decided before (`LeveledLog`).
 */
export function nodeLog({ destination = 1 }: LogOptions = {}): Logger {
  return pino(
    { level: 'trace', base: { pid: process.pid } },
    pino.destination({ dest: destination, sync: true }),
  )
}
