/** Parsers of options for commander. */
import { InvalidArgumentError } from 'commander'
import { UsageError } from '../failure.ts'

/** An option's parser whose refusals commander reports with the option's name. */
export function reading<T>(
  parse: (typed: string, before?: T) => T,
): (typed: string, before?: T) => T {
  return (typed, before) => {
    try {
      return parse(typed, before)
    } catch (error) {
      if (error instanceof UsageError) throw new InvalidArgumentError(error.message)
      throw error
    }
  }
}

/** Values of an option that may be given again, in the order given. */
export function collected(typed: string, before: readonly string[] = []): string[] {
  return [...before, typed]
}
