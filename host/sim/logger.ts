import type { Logger } from '../host.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal'

export interface LogLine {
  readonly level: LogLevel
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A logger that keeps the last lines for a test to read. Children write to the same lines. */
export class RecordedLog implements Logger {
  readonly #lines: LogLine[]
  readonly #linesMax: number
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(linesMax = 10_000, lines: LogLine[] = [], fields: object = {}) {
    this.#linesMax = linesMax
    this.#lines = lines
    this.#fields = { ...fields }
  }

  /** Oldest first. */
  get lines(): readonly LogLine[] {
    return this.#lines
  }

  /** Lines of one level whose message contains `part`. */
  find(level: LogLevel, part = ''): LogLine[] {
    return this.#lines.filter(line => line.level === level && line.message.includes(part))
  }

  debug(fields: object, message: string): void {
    this.#write('debug', fields, message)
  }

  info(fields: object, message: string): void {
    this.#write('info', fields, message)
  }

  warn(fields: object, message: string): void {
    this.#write('warn', fields, message)
  }

  error(fields: object, message: string): void {
    this.#write('error', fields, message)
  }

  fatal(fields: object, message: string): void {
    this.#write('fatal', fields, message)
  }

  child(fields: object): RecordedLog {
    return new RecordedLog(this.#linesMax, this.#lines, { ...this.#fields, ...fields })
  }

  #write(level: LogLevel, fields: object, message: string): void {
    this.#lines.push({ level, fields: { ...this.#fields, ...fields }, message })
    if (this.#lines.length > this.#linesMax) this.#lines.splice(0, this.#linesMax / 2)
  }
}
