/** How a command ends when it cannot do as told. */

/** The command was used wrongly: exit code 2. The message says what to type instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command was understood and failed: exit code 1. One sentence, with the cure in it. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

/** Whoever read standard output wants no more (`| head`): the command ends quietly, well. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

/** A signal ended the command before its work was done: the message says how far it came. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly exitCode: ExitCode

  constructor(signal: InterruptingSignal, message: string) {
    super(message)
    this.exitCode = exitCodeOf(signal)
  }
}

/** The signals that end a command in order: Ctrl-C, and the one that `kill` sends. */
export type InterruptingSignal = 'SIGINT' | 'SIGTERM'

/** What the process ends with; the codes of signals are those a shell gives. */
export const ExitCode = { OK: 0, FAILED: 1, USAGE: 2, INTERRUPTED: 130, TERMINATED: 143 } as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** The exit code of a command that this signal cut short. */
export function exitCodeOf(signal: InterruptingSignal): ExitCode {
  return signal === 'SIGINT' ? ExitCode.INTERRUPTED : ExitCode.TERMINATED
}
