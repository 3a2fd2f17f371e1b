import { ApiKey } from '../../protocol/api-keys.ts'
import { ErrorCode } from '../../protocol/errors.ts'

/** One row: requests of this API below `version` do not know `code` and get `instead`. */
interface DownMapping {
  readonly code: ErrorCode
  readonly key: number
  readonly version: number
  readonly instead: ErrorCode
}

const {
  PRODUCER_FENCED,
  INVALID_PRODUCER_EPOCH,
  TRANSACTION_ABORTABLE,
  INVALID_TXN_STATE,
  OFFSET_NOT_AVAILABLE,
  LEADER_NOT_AVAILABLE,
  TOPIC_DELETION_DISABLED,
  INVALID_REQUEST,
  GROUP_ID_NOT_FOUND,
  ILLEGAL_GENERATION,
  STALE_MEMBER_EPOCH,
  UNSUPPORTED_VERSION,
  LISTENER_NOT_FOUND,
} = ErrorCode

const ROWS: readonly DownMapping[] = [
  ...rows(PRODUCER_FENCED, INVALID_PRODUCER_EPOCH, [
    [ApiKey.INIT_PRODUCER_ID, 4],
    [ApiKey.ADD_PARTITIONS_TO_TXN, 2],
    [ApiKey.ADD_OFFSETS_TO_TXN, 2],
    [ApiKey.END_TXN, 2],
    // The data path says 47 in every version.
    [ApiKey.PRODUCE, Number.POSITIVE_INFINITY],
    [ApiKey.TXN_OFFSET_COMMIT, Number.POSITIVE_INFINITY],
  ]),
  ...rows(TRANSACTION_ABORTABLE, INVALID_TXN_STATE, [
    [ApiKey.PRODUCE, 11],
    [ApiKey.ADD_PARTITIONS_TO_TXN, 4],
    [ApiKey.ADD_OFFSETS_TO_TXN, 4],
    [ApiKey.END_TXN, 4],
    [ApiKey.TXN_OFFSET_COMMIT, 4],
    [ApiKey.INIT_PRODUCER_ID, 5],
    [ApiKey.FIND_COORDINATOR, 5],
  ]),
  ...rows(OFFSET_NOT_AVAILABLE, LEADER_NOT_AVAILABLE, [[ApiKey.LIST_OFFSETS, 5]]),
  ...rows(TOPIC_DELETION_DISABLED, INVALID_REQUEST, [[ApiKey.DELETE_TOPICS, 3]]),
  ...rows(GROUP_ID_NOT_FOUND, ILLEGAL_GENERATION, [[ApiKey.OFFSET_COMMIT, 9]]),
  ...rows(STALE_MEMBER_EPOCH, UNSUPPORTED_VERSION, [[ApiKey.OFFSET_COMMIT, 9]]),
  ...rows(LISTENER_NOT_FOUND, LEADER_NOT_AVAILABLE, [[ApiKey.METADATA, 6]]),
]

const byCode = Map.groupBy(ROWS, row => row.code as number)

/**
 * The code to answer to a request of this API and version in place of `code`: old clients give up
 * on codes that did not exist when they were written.
 */
export function errorForVersion(apiKey: number, version: number, code: ErrorCode): ErrorCode {
  if (code === ErrorCode.NONE) return code
  for (const row of byCode.get(code) ?? []) {
    if (row.key === apiKey && version < row.version) return row.instead
  }
  return code
}

function rows(
  code: ErrorCode,
  instead: ErrorCode,
  apis: readonly (readonly [key: number, version: number])[],
): DownMapping[] {
  return apis.map(([key, version]) => ({ code, key, version, instead }))
}
