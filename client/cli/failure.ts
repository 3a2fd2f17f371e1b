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

/** What the process ends with. */
export const ExitCode = { OK: 0, FAILED: 1, USAGE: 2 } as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]
