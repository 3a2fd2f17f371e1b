import { pino } from 'pino'
import type { Logger } from '../host.ts'

/** The least severe level that is written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** How the real host's logger writes. */
export interface LogOptions {
  /** Default 'info'. */
  readonly level?: LogLevel
  /** A file descriptor, or the path of a file to append to. Default: standard output. */
  readonly destination?: number | string
}

/** A pino logger: one JSON object a line, written at once, so that a crash loses none. */
export function nodeLog(options: LogOptions = {}): Logger {
  const { level = 'info', destination = 1 } = options
  return pino(
    { level, base: { pid: process.pid } },
    pino.destination({ dest: destination, sync: true }),
  )
}
