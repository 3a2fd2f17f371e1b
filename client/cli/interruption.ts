/**
 * SIGINT and SIGTERM for a command that writes or reads records. The first signal asks the command
 * to end in order: what is on its way is still answered. The second signal ends the process at
 * once. Either way the command tells how far it came.
 */
import { exitCodeOf, type InterruptingSignal } from './failure.ts'
import { printNote } from './output.ts'

/** A command that takes longer than this to end says how to be quicker. */
const PATIENCE_MS = 1_000

export class Interruption {
  readonly #tell: () => string
  readonly #listeners: ((signal: InterruptingSignal) => void)[] = []
  readonly #hear = (signal: InterruptingSignal) => this.#onSignal(signal)
  #signal: InterruptingSignal | null = null
  #hint: NodeJS.Timeout | undefined

  /** Listens from now on. `tell` gives the sentence that the second signal makes the last one. */
  constructor(tell: () => string) {
    this.#tell = tell
    process.on('SIGINT', this.#hear).on('SIGTERM', this.#hear)
  }

  /** The first signal that came; null before. */
  get signal(): InterruptingSignal | null {
    return this.#signal
  }

  /** Calls `listener` at the first signal. */
  onFirst(listener: (signal: InterruptingSignal) => void): void {
    this.#listeners.push(listener)
  }

  /** From here on signals do what they do by default. */
  forget(): void {
    clearTimeout(this.#hint)
    process.off('SIGINT', this.#hear).off('SIGTERM', this.#hear)
  }

  #onSignal(signal: InterruptingSignal): void {
    if (this.#signal !== null) {
      printNote(this.#tell())
      process.exit(exitCodeOf(signal))
    }
    this.#signal = signal
    this.#hint = setTimeout(() => {
      printNote('Waiting for the broker to answer; another signal ends the command at once.')
    }, PATIENCE_MS)
    for (const listener of this.#listeners) listener(signal)
  }
}
