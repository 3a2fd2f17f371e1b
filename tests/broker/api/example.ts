import { ErrorCode } from '../../../protocol/errors.ts'

/** A request that makes sense, and what both a broker and one that denies all must answer. */
export interface Example {
  draft(version: number, topicId: string): object
  /** Part of the answer; a function where it depends on the version. */
  answer: object | ((version: number, topicId: string) => object)
  denied: object | ((version: number) => object)
}

export const TOPIC_DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED
export const GROUP_DENIED = ErrorCode.GROUP_AUTHORIZATION_FAILED
export const CLUSTER_DENIED = ErrorCode.CLUSTER_AUTHORIZATION_FAILED

/** Part of an answer that is a code and nothing else of interest. */
export const code = (errorCode: number) => ({ errorCode })
