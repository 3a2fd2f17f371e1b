/** One command for several names. */
import { BrokerError } from '../errors.ts'
import { CommandFailure } from './failure.ts'
import { printJson, printNote } from './output.ts'
import { sentenceOf } from './sentence.ts'

/** What is done, in the words of the last sentence: "2 of 3 topics were not deleted." */
export interface Task {
  /** The noun, which is also the name's key in JSON. */
  readonly noun: string
  /** "deleted", also the key in JSON that says whether it was. */
  readonly done: string
  readonly json: boolean
}

/**
 * Acts on each name and goes on after a refusal, which is told at once. Throws CommandFailure with
 * the number of refusals, or the refusal itself where only one name was given. An error that is not
 * about the name, such as a lost connection, is thrown at once.
 */
export async function forEachName(
  names: readonly string[],
  { noun, done, json }: Task,
  act: (name: string) => Promise<void>,
): Promise<void> {
  let failures = 0
  for (const name of names) {
    try {
      await act(name)
    } catch (error) {
      const isRefusal = error instanceof BrokerError || error instanceof CommandFailure
      if (!isRefusal) throw error
      if (json) printJson({ [noun]: name, [done]: false, error: sentenceOf(error) })
      if (names.length === 1) throw error
      failures += 1
      printNote(sentenceOf(error))
    }
  }
  if (failures === 0) return
  const were = failures === 1 ? 'was' : 'were'
  throw new CommandFailure(`${failures} of ${names.length} ${noun}s ${were} not ${done}.`)
}
