import { ClusterStartError } from './cluster/founding.ts'
import { absent, put } from './cluster/plan.ts'
import type { EndpointImage } from './image/image.ts'
import { storeKey } from './image/values.ts'
import type { MetadataStore, Session, StoreOperation } from './metadata/store.ts'

/** What a broker tells of itself. */
export interface RegistrationOptions {
  readonly store: MetadataStore
  readonly nodeId: number
  readonly rack: string | null
  readonly endpoints: readonly EndpointImage[]
}

/** A session ends this long after its broker was last heard of (broker.session.timeout.ms). */
const SESSION_TTL_MS = 9_000

/**
 * Makes this broker a live member of its cluster, and, as it is the only one, its controller. All
 * of it ends with the session. Returns the revision at which it can be seen, which is the
 * controller's epoch too. Rejects with ClusterStartError.
 */
export async function register(
  options: RegistrationOptions,
): Promise<{ session: Session; revision: number }> {
  const { store, nodeId, rack, endpoints } = options
  const session = await store.openSession(SESSION_TTL_MS)
  const keys = [storeKey.live(nodeId), storeKey.controller]
  const operations: StoreOperation[] = [
    put('live', storeKey.live(nodeId), { rack, endpoints: [...endpoints] }),
    put('controller', storeKey.controller, { nodeId }),
  ]
  const outcome = await store.transact({
    compare: keys.map(absent),
    operations: operations.map(operation => ({ ...operation, sessionId: session.id })),
  })
  if (outcome.kind !== 'done') {
    const why = outcome.kind === 'unknown' ? outcome.reason : 'another broker holds its place'
    throw new ClusterStartError(`the broker could not be registered: ${why}`)
  }
  return { session, revision: outcome.revision }
}
