import { type ErrorCode, KafkaError } from '../../protocol/errors.ts'

/** The answer, or the code it was refused with: for requests that name many things at once. */
export async function attempt<T>(answer: Promise<T>): Promise<T | { readonly refused: ErrorCode }> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof KafkaError) return { refused: error.code }
    throw error
  }
}

/** Tells a refusal from an answer. */
export function isRefused<T extends object>(
  outcome: T | { readonly refused: ErrorCode },
): outcome is { readonly refused: ErrorCode } {
  return 'refused' in outcome
}
