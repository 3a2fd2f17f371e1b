import type { Clock } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { type AlterScopes, alterScopes } from '../config/alter-scopes.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { internalTopicConfigs } from '../config/internal-topics.ts'
import type { ClusterView } from '../image/cluster-view.ts'
import type { ClusterImage } from '../image/image.ts'
import { type SettledOutcome, settle } from '../metadata/settle.ts'
import type { MetadataStore, Transaction } from '../metadata/store.ts'
import { decideAlterConfigs } from './alter-configs.ts'
import type {
  ConfigChanges,
  ConfigResult,
  CreatedTopic,
  DeletedTopic,
  NamedResult,
  NewPartitions,
  NewTopic,
  QuotaAlteration,
  QuotaResult,
  Reassignment,
  TopicReference,
} from './commands.ts'
import { type Decision, decideCreatePartitions, decideDeleteTopics } from './controller.ts'
import { decideCreateTopics, refusedCreation } from './create-topics.ts'
import { type Authority, deleteTopicOperations, NO_PLAN, type Plan } from './plan.ts'
import { decideAlterQuotas } from './quotas.ts'
import { decideReassignment, type ReassignmentOutcome } from './reassignments.ts'

/** What the controller asks of this broker's own replicas (reconcile/reconciler.ts). */
export interface LocalReplicas {
  /** Why partitions of a topic, from an index on, are not open here; null if all of them are. */
  failureOf(topicId: string, fromIndex: number): string | null
  /** Stops serving a topic that no record was written to; false if one was. */
  withdraw(topicId: string): boolean
  /** A topic that was withdrawn stays after all. */
  keep(topicId: string): void
}

export interface ControllerOptions {
  readonly store: MetadataStore
  readonly view: ClusterView
  readonly clock: Pick<Clock, 'schedule'>
  readonly local: LocalReplicas
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
 * Invariants:
 *   (1) Commands run one at a time, each upon the image that the one before left.
 *   (2) What became of each transaction is known before anything is answered or taken back
 *       (settle.ts); where it cannot be known, nothing is taken back.
 *   (3) What a failed plan prepared is gone before the next plan is made: it could become visible
 *       with that one.
 */
export class Controller {
  readonly #options: ControllerOptions
  readonly #scopes: AlterScopes
  #authority: Authority
  #tail: Promise<unknown> = Promise.resolve()
  /** Preparations of failed plans that could not be removed yet. */
  #leftovers: Transaction[] = []

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
    const decide = (image: ClusterImage) => {
      const { config, newTopicId, below } = this.#options
      return decideCreateTopics(image, topics, {
        defaultPartitions: config.get('num.partitions'),
        defaultReplicationFactor: config.get('default.replication.factor'),
        partitionsMax: config.get('ottla.partitions.max'),
        topicScope: this.#scopes.topic,
        newTopicId,
        placementSeed: () => below(1024),
        internalConfigs: name => internalTopicConfigs(config, name),
        authority: this.#authority,
      })
    }
    return this.#run(options, decide, topic => this.#verifyCreated(topic)).then(results =>
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
    return results.map(withFailure)
  }

  async createPartitions(
    topics: readonly NewPartitions[],
    options: CommandOptions,
  ): Promise<NamedResult[]> {
    const counts = new Map<string, number>()
    const decide = (image: ClusterImage) => {
      for (const { name } of topics)
        counts.set(name, image.topics.get(name)?.partitions.length ?? 0)
      return decideCreatePartitions(image, topics, {
        partitionsMax: this.#options.config.get('ottla.partitions.max'),
        authority: this.#authority,
      })
    }
    const results = await this.#run(options, decide, async ({ name }) => {
      const topicId = this.#options.view.image().topics.get(name)?.id ?? ''
      const reason = this.#options.local.failureOf(topicId, counts.get(name) ?? 0)
      return reason === null ? null : unopened('The partitions were added', reason)
    })
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

  /** Changes nothing: replicas stay where they were created. */
  reassign(reassignment: Reassignment): ReassignmentOutcome {
    return decideReassignment(this.#options.view.image(), reassignment)
  }

  async alterQuotas(
    alterations: readonly QuotaAlteration[],
    options: CommandOptions,
  ): Promise<QuotaResult[]> {
    const results = await this.#run(options, image =>
      decideAlterQuotas(image, alterations, this.#authority),
    )
    return results.map(withFailure)
  }

  /** Waits for commands under way. */
  async close(): Promise<void> {
    await this.#tail
  }

  // ---------------------------------------------------------------------------- carrying it out

  /** `verify` is asked of each plan that was carried out: whether its reply is true. */
  #run<Reply extends { readonly errorCode: ErrorCode }>(
    { validateOnly }: CommandOptions,
    decide: (image: ClusterImage) => Decision<Reply>[],
    verify: (reply: Reply) => Promise<Failure | null> = async () => null,
  ): Promise<{ reply: Reply; failure: Failure | null }[]> {
    const run = this.#tail.then(async () => {
      const blocked = validateOnly ? null : await this.#removeLeftovers()
      const decisions = decide(this.#options.view.image())
      return Promise.all(
        decisions.map(async ({ reply, plan }) => {
          if (validateOnly || plan === NO_PLAN) return { reply, failure: null }
          const failure = blocked ?? (await this.#carryOut(plan)) ?? (await verify(reply))
          return { reply, failure }
        }),
      )
    })
    // A command that fails, fails for its caller; the next one runs all the same.
    this.#tail = run.catch(() => undefined)
    return run
  }

  async #carryOut(plan: Plan): Promise<Failure | null> {
    let revision = 0
    for (const [at, stage] of plan.entries()) {
      const outcomes = await Promise.all(stage.map(transaction => this.#settle(transaction)))
      const failure = outcomes.map(failureOf).find(found => found !== null) ?? null
      if (failure !== null) {
        const isKnown = outcomes.every(({ kind }) => kind !== 'lost')
        if (isKnown) await this.#takeBack(plan.slice(0, at + (at < plan.length - 1 ? 1 : 0)))
        return failure
      }
      for (const outcome of outcomes) {
        if (outcome.kind === 'done') revision = Math.max(revision, outcome.revision)
      }
    }
    await this.#options.view.untilRevision(revision)
    return null
  }

  #settle(transaction: Transaction): Promise<SettledOutcome> {
    return settle(this.#options.store, transaction, this.#options.clock)
  }

  /** Removes what stages prepared that nobody can see. */
  async #takeBack(stages: Plan): Promise<void> {
    for (const { compare, operations } of stages.flat()) {
      const deletes = operations.flatMap(operation =>
        operation.kind === 'put' ? [{ kind: 'delete', key: operation.key } as const] : [],
      )
      this.#leftovers.push({ compare, operations: deletes })
    }
    await this.#removeLeftovers()
  }

  async #removeLeftovers(): Promise<Failure | null> {
    while (this.#leftovers.length > 0) {
      const outcome = await this.#settle(this.#leftovers[0] as Transaction)
      const failure = outcome.kind === 'conflict' ? null : failureOf(outcome)
      if (failure !== null) return failure
      this.#leftovers.shift()
    }
    return null
  }

  /**
   * A topic with partitions that could not be opened here was not created: it is taken back, so
   * that the client may ask again. Where that cannot be (a record was written to it, or the store
   * has no room) the topic stays, and its partitions are opened as soon as they can be.
   */
  async #verifyCreated({ name, topicId }: CreatedTopic): Promise<Failure | null> {
    const { local, view } = this.#options
    const reason = local.failureOf(topicId, 0)
    if (reason === null) return null
    if (!local.withdraw(topicId)) return unopened('The topic was created', reason)
    const { compare } = this.#authority
    const operations = deleteTopicOperations(topicId, name)
    const outcome = await this.#settle({ compare, operations })
    if (outcome.kind !== 'done') {
      local.keep(topicId)
      return unopened('The topic was created', reason)
    }
    await view.untilRevision(outcome.revision)
    const message = `The topic was not created: its partitions cannot be opened: ${reason}`
    return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, message }
  }
}

function failureOf(outcome: SettledOutcome): Failure | null {
  switch (outcome.kind) {
    case 'done':
      return null
    case 'conflict':
      return { errorCode: ErrorCode.NOT_CONTROLLER, message: 'The metadata changed meanwhile.' }
    case 'not-done':
    case 'lost':
      return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, message: outcome.reason }
  }
}

function unopened(what: string, reason: string): Failure {
  const message = `${what}, but cannot be served until the disk allows it: ${reason}`
  return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, message }
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
