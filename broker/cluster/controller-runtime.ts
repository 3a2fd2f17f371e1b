import { ErrorCode } from '../../protocol/errors.ts'
import { type AlterScopes, alterScopes } from '../config/alter-scopes.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { ClusterView } from '../image/cluster-view.ts'
import type { ClusterImage } from '../image/image.ts'
import { storeKey } from '../image/values.ts'
import type { MetadataStore, Transaction, TransactionOutcome } from '../metadata/store.ts'
import { decideAlterConfigs } from './alter-configs.ts'
import type {
  ConfigChanges,
  ConfigResult,
  CreatedTopic,
  DeletedTopic,
  NamedResult,
  NewPartitions,
  NewTopic,
  TopicReference,
} from './commands.ts'
import { type Decision, decideCreatePartitions, decideDeleteTopics } from './controller.ts'
import { decideCreateTopics, refusedCreation } from './create-topics.ts'
import { type Authority, NO_PLAN, type Plan } from './plan.ts'

export interface ControllerOptions {
  readonly store: MetadataStore
  readonly view: ClusterView
  readonly config: BrokerConfig
  readonly newTopicId: () => string
  /** Uniform in [0, bound). */
  readonly below: (bound: number) => number
}

/** Dry runs are judged and not done. */
export interface CommandOptions {
  readonly validateOnly: boolean
}

/** Why a plan was not carried out. */
interface Failure {
  readonly errorCode: ErrorCode
  readonly message: string
}

/**
 * Controller: changes the cluster's metadata. Decides by pure functions over the image
 * (controller.ts, create-topics.ts), carries the plans out in the store, and answers once this
 * broker's image shows what was done: a topic that was created has a leader, and its partitions
 * are open.
 *
 * Commands run one at a time, each upon the image the one before left.
 */
export class Controller {
  readonly #options: ControllerOptions
  readonly #scopes: AlterScopes
  #authority: Authority
  #tail: Promise<unknown> = Promise.resolve()

  constructor(options: ControllerOptions) {
    this.#options = options
    this.#scopes = alterScopes(options.config)
    this.#authority = { compare: [], transactionSizeMax: options.store.transactionSizeMax }
  }

  /** What each transaction compares from here on: this controller's own key, so that none of a
   * controller that was replaced can succeed. */
  authorize(authority: Authority): void {
    this.#authority = authority
  }

  createTopics(topics: readonly NewTopic[], options: CommandOptions): Promise<CreatedTopic[]> {
    return this.#run(options, image => {
      const { config, newTopicId, below } = this.#options
      return decideCreateTopics(image, topics, {
        defaultPartitions: config.get('num.partitions'),
        defaultReplicationFactor: config.get('default.replication.factor'),
        partitionsMax: config.get('ottla.partitions.max'),
        topicScope: this.#scopes.topic,
        newTopicId,
        placementSeed: () => below(1024),
        authority: this.#authority,
      })
    }).then(results =>
      results.map(({ reply, failure }) =>
        failure === null ? reply : refusedCreation(reply.name, failure.errorCode, failure.message),
      ),
    )
  }

  async deleteTopics(topics: readonly TopicReference[]): Promise<DeletedTopic[]> {
    const results = await this.#run({ validateOnly: false }, image =>
      decideDeleteTopics(image, topics, {
        isEnabled: this.#options.config.get('delete.topic.enable'),
        authority: this.#authority,
      }),
    )
    const replies = results.map(withFailure)
    const gone = replies.filter(({ errorCode }) => errorCode === ErrorCode.NONE)
    // Their logs are out of the way: nothing is left to remember. Nobody waits for it.
    this.#tail = this.#tail.then(() => this.#forget(gone.map(({ topicId }) => topicId)))
    return replies
  }

  async #forget(topicIds: readonly string[]): Promise<void> {
    const { store } = this.#options
    const chunk = store.transactionSizeMax - this.#authority.compare.length
    for (let at = 0; at < topicIds.length; at += chunk) {
      await store.transact({
        compare: this.#authority.compare,
        operations: topicIds
          .slice(at, at + chunk)
          .map(id => ({ kind: 'delete', key: storeKey.gone(id) })),
      })
    }
  }

  async createPartitions(
    topics: readonly NewPartitions[],
    options: CommandOptions,
  ): Promise<NamedResult[]> {
    const results = await this.#run(options, image =>
      decideCreatePartitions(image, topics, {
        partitionsMax: this.#options.config.get('ottla.partitions.max'),
        authority: this.#authority,
      }),
    )
    return results.map(withFailure)
  }

  async alterConfigs(
    resources: readonly ConfigChanges[],
    options: CommandOptions,
  ): Promise<ConfigResult[]> {
    const results = await this.#run(options, image =>
      decideAlterConfigs(image, resources, {
        scopes: this.#scopes,
        authority: this.#authority,
      }),
    )
    return results.map(withFailure)
  }

  /** Waits for commands under way. */
  async close(): Promise<void> {
    await this.#tail
  }

  // ---------------------------------------------------------------------------- carrying it out

  #run<Reply>(
    { validateOnly }: CommandOptions,
    decide: (image: ClusterImage) => Decision<Reply>[],
  ): Promise<{ reply: Reply; failure: Failure | null }[]> {
    const run = this.#tail.then(async () => {
      const decisions = decide(this.#options.view.image())
      if (validateOnly) return decisions.map(({ reply }) => ({ reply, failure: null }))
      return Promise.all(
        decisions.map(async ({ reply, plan }) => ({ reply, failure: await this.#carryOut(plan) })),
      )
    })
    // A command that fails, fails for its caller; the next one runs all the same.
    this.#tail = run.catch(() => undefined)
    return run
  }

  async #carryOut(plan: Plan): Promise<Failure | null> {
    if (plan === NO_PLAN) return null
    const { store, view } = this.#options
    let revision = 0
    for (const stage of plan) {
      const outcomes = await Promise.all(stage.map(transaction => store.transact(transaction)))
      const failure = outcomes.map(failureOf).find(found => found !== null)
      if (failure !== undefined && failure !== null) {
        await this.#takeBack(plan)
        return failure
      }
      for (const outcome of outcomes) {
        if (outcome.kind === 'done') revision = Math.max(revision, outcome.revision)
      }
    }
    await view.untilRevision(revision)
    return null
  }

  /** Removes what earlier stages prepared; what it misses, the next start finds. */
  async #takeBack(plan: Plan): Promise<void> {
    for (const { compare, operations } of plan.slice(0, -1).flat()) {
      const deletes = operations.flatMap(operation =>
        operation.kind === 'put' ? [{ kind: 'delete', key: operation.key } as const] : [],
      )
      const undo: Transaction = { compare, operations: deletes }
      await this.#options.store.transact(undo)
    }
  }
}

function failureOf(outcome: TransactionOutcome): Failure | null {
  switch (outcome.kind) {
    case 'done':
      return null
    case 'conflict':
      return { errorCode: ErrorCode.NOT_CONTROLLER, message: 'The metadata changed meanwhile.' }
    case 'unknown':
      return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, message: outcome.reason }
  }
}

function withFailure<R extends { errorCode: ErrorCode; errorMessage: string | null }>({
  reply,
  failure,
}: {
  reply: R
  failure: Failure | null
}): R {
  if (failure === null) return reply
  return { ...reply, errorCode: failure.errorCode, errorMessage: failure.message }
}
