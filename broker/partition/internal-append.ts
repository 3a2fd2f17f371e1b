import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { BatchView } from '../../protocol/records/batch.ts'
import type { AppendWaiter } from '../../storage/append-result.ts'
import { type AppendHome, rejectionOf } from './appender.ts'

/** Where a batch of the broker's own went. */
export interface InternalAppend {
  readonly baseOffset: number
  readonly lastOffset: number
}

/**
 * Appends a batch the broker built itself (base offset 0), and resolves once it is committed. The
 * buffer is the log's from here on. Rejects with KafkaError.
 */
export function appendInternal(
  home: AppendHome,
  batch: Buffer,
  nowMs: number,
): Promise<InternalAppend> {
  if (home.isStopped || !home.isLeader) {
    return Promise.reject(new KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER))
  }
  return new Promise((resolve, reject) => {
    let appended: InternalAppend = { baseOffset: -1, lastOffset: -1 }
    const waiter: AppendWaiter = {
      durable: () => {
        home.advance()
        home.awaitReplication({
          offset: appended.lastOffset + 1,
          reached: () => resolve(appended),
          fail: errorCode => reject(new KafkaError(errorCode)),
        })
      },
      failed: error => reject(new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, error.message)),
    }
    const { leaderEpoch } = home
    const options = { leaderEpoch, origin: 'coordinator', nowMs } as const
    const result = home.log.append(new BatchView(batch), options, waiter)
    if (result.kind === 'refused') {
      const { errorCode, message } = rejectionOf(result)
      reject(new KafkaError(errorCode, message))
      return
    }
    appended = { baseOffset: result.baseOffset, lastOffset: result.lastOffset }
  })
}
