import type { Logger, LogLevel, LogLevels } from './host.ts'

/** Ascending by severity. */
export const LOG_LEVELS: readonly LogLevel[] = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
  'silent',
]

/** The logger from which the others have their level. */
export const ROOT_LOGGER = 'root'

/**
 * LoggerLevels: which lines the loggers of a process write, changeable while the process runs.
 *
 * Invariants:
 *   (1) `root` always has a level of its own.
 *   (2) A logger without a level of its own has that of `root`, also when that one changes.
 */
export class LoggerLevels implements LogLevels {
  /** Null: the level of `root`. */
  readonly #own = new Map<string, LogLevel | null>()
  #root: LogLevel

  constructor(root: LogLevel) {
    this.#root = root
  }

  all(): Map<string, LogLevel> {
    const levels = new Map<string, LogLevel>([[ROOT_LOGGER, this.#root]])
    for (const name of this.#own.keys()) levels.set(name, this.levelOf(name))
    return levels
  }

  has(name: string): boolean {
    return name === ROOT_LOGGER || this.#own.has(name)
  }

  levelOf(name: string): LogLevel {
    return this.#own.get(name) ?? this.#root
  }

  /** Makes a logger known; its level is that of `root` until somebody sets one. */
  declare(name: string): void {
    if (!this.has(name)) this.#own.set(name, null)
  }

  set(name: string, level: LogLevel): void {
    if (name === ROOT_LOGGER) this.#root = level
    else this.#own.set(name, level)
  }

  reset(name: string): void {
    this.#own.set(name, null)
  }

  writes(name: string, level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.levelOf(name))
  }
}

/**
 * A logger that passes on to `sink` what its level lets through. A child with a field `part` is a
 * logger of that name; other children belong to the logger they come from.
 */
export class LeveledLog implements Logger {
  readonly #sink: Logger
  readonly #levels: LoggerLevels
  readonly #name: string

  constructor(sink: Logger, levels: LoggerLevels, name = ROOT_LOGGER) {
    this.#sink = sink
    this.#levels = levels
    this.#name = name
  }

  debug(fields: object, message: string): void {
    if (this.#levels.writes(this.#name, 'debug')) this.#sink.debug(fields, message)
  }

  info(fields: object, message: string): void {
    if (this.#levels.writes(this.#name, 'info')) this.#sink.info(fields, message)
  }

  warn(fields: object, message: string): void {
    if (this.#levels.writes(this.#name, 'warn')) this.#sink.warn(fields, message)
  }

  error(fields: object, message: string): void {
    if (this.#levels.writes(this.#name, 'error')) this.#sink.error(fields, message)
  }

  fatal(fields: object, message: string): void {
    if (this.#levels.writes(this.#name, 'fatal')) this.#sink.fatal(fields, message)
  }

  child(fields: object): LeveledLog {
    const { part } = fields as { readonly part?: unknown }
    const name = typeof part === 'string' ? part : this.#name
    this.#levels.declare(name)
    return new LeveledLog(this.#sink.child(fields), this.#levels, name)
  }
}
