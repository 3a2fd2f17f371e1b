import { Isolation } from '../partition/outcome.ts'

/** The replica id of a consumer. */
export const REPLICA_NONE = -1

/** Which end of the log the sender of a request may see. */
export function isolationOf(replicaId: number, isolationLevel: number): Isolation {
  if (replicaId >= 0) return Isolation.LOG_END
  return isolationLevel === 1 ? Isolation.READ_COMMITTED : Isolation.READ_UNCOMMITTED
}
