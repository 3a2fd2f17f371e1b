/** What a broker of Ottla's says is wrong with it. Brokers of Apache Kafka have no such answer. */
import { DESCRIBE_CONDITIONS } from './apis.ts'
import type { Cluster } from './cluster.ts'
import { BrokerError, ConnectionError } from './errors.ts'

/** One thing that is not as it should be with a broker. */
export interface BrokerCondition {
  readonly nodeId: number
  /** Such as 'disk-full'; the kinds are listed in docs/cli.md. */
  readonly kind: string
  /** A path, `topic-partition`, a coordinator or a budget; unique within the kind. */
  readonly subject: string
  /** 'warning': everything is still served. 'error': something is not. */
  readonly severity: string
  /** One sentence that says what is wrong and what cures it. */
  readonly message: string
  /** When it began, ms since 1970. */
  readonly sinceMs: number
}

/**
 * Asks one broker, on a connection of its own, because a broker that does not know the request
 * closes the connection on it. Resolves to null then. Rejects with BrokerError where the broker
 * refuses to say.
 */
export async function askConditions(
  cluster: Cluster,
  nodeId: number,
): Promise<BrokerCondition[] | null> {
  const lane = cluster.openLane('conditions')
  try {
    const connection = await cluster.connectionTo(nodeId, lane)
    const answer = await connection.request(DESCRIBE_CONDITIONS, {}).catch(nullIfClosed)
    if (answer === null) return null
    const { errorCode, errorMessage, conditions } = answer
    if (errorCode !== 0) {
      throw new BrokerError(`ask broker ${nodeId} what is wrong with it`, errorCode, errorMessage)
    }
    return conditions.map(condition => ({ nodeId, ...condition }))
  } finally {
    cluster.closeLane(lane)
  }
}

function nullIfClosed(error: unknown): null {
  if (error instanceof ConnectionError) return null
  throw error
}
