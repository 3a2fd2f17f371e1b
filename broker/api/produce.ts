import { ErrorCode } from '../../protocol/errors.ts'
import { ProduceRequest, ProduceResponse } from '../../protocol/messages/produce.ts'
import { BATCH_HEADER_BYTES, isTransactionalAt } from '../../protocol/records/batch.ts'
import type { ProduceOutcome } from '../partition/outcome.ts'
import { Operation } from '../security/authorizer.ts'
import { CLOSE_CONNECTION, type HotContext, hotApi, NO_RESPONSE, type Reply } from './api.ts'
import { mayOnTransaction } from './authorize.ts'
import { liveBrokers } from './endpoint.ts'
import { errorForVersion } from './error-versions.ts'
import {
  authorizedTopic,
  currentLeader,
  isAboutLeader,
  ledPartition,
  writeFault,
} from './locate.ts'

type Context = HotContext<typeof ProduceResponse>
type Topic = ProduceRequest['topicData'][number]
type Answer = Exclude<Reply<typeof ProduceResponse>, symbol>
interface TopicAnswer {
  readonly name: string
  readonly topicId: string
  readonly partitionResponses: readonly PartitionAnswer[]
}
type PartitionAnswer = Answer['responses'][number]['partitionResponses'][number]

/** Since which version topics go by id (KIP-516), and errors name the current leader (KIP-951). */
const TOPIC_IDS_SINCE = 13
const CURRENT_LEADER_SINCE = 10

/**
 * Produce (key 0): append every batch to a partition this broker leads, then wait for the acks
 * asked for. Versions 0-2 are told to clients and not served: librdkafka before 2.11 would not
 * compress otherwise (KAFKA-18659).
 *
 * Its ordered phase ends when every batch has its offsets: in this turn, unless a batch expands to
 * so much that it is checked in the thread pool.
 */
export const produce = hotApi(
  ProduceRequest,
  ProduceResponse,
  {
    versions: { min: 3, max: 13 },
    listed: { min: 0, max: 13 },
    refuse: (request, { errorCode, errorMessage }) =>
      request.acks === 0 ? CLOSE_CONNECTION : refusedAnswer(request, errorCode, errorMessage),
  },
  (request, context) => new ProduceCall(request, context).start(),
)

function refusedAnswer(
  request: ProduceRequest,
  errorCode: ErrorCode,
  errorMessage: string | null,
): Answer {
  return {
    throttleTimeMs: 0,
    responses: request.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => refused(index, errorCode, errorMessage)),
    })),
  }
}

function refused(
  index: number,
  errorCode: ErrorCode,
  errorMessage: string | null = null,
): PartitionAnswer {
  return { index, errorCode, baseOffset: -1, recordErrors: [], errorMessage }
}

/** One request's appends, until the last of them has its outcome. */
class ProduceCall {
  readonly #request: ProduceRequest
  readonly #context: Context
  #answer: readonly TopicAnswer[] = []
  /** Outcomes still missing, and one for the ordered phase itself. */
  #pending = 1
  #failed = false
  #sequenced: Promise<void>[] | null = null

  constructor(request: ProduceRequest, context: Context) {
    this.#request = request
    this.#context = context
  }

  start(): undefined | Promise<void> {
    const wholeError = this.#refusesWhole()
    this.#answer = this.#request.topicData.map(topic => this.#appendTopic(topic, wholeError))
    this.#settle()
    if (this.#sequenced === null) return undefined
    return Promise.all(this.#sequenced).then(() => undefined)
  }

  /** What is wrong with the request for each of its partitions alike. */
  #refusesWhole(): ErrorCode {
    const { topicData, transactionalId } = this.#request
    // As in Kafka: a transactional id without a transactional batch is nobody's concern.
    if (!topicData.some(hasTransactional)) return ErrorCode.NONE
    const isAllowed =
      transactionalId !== null && mayOnTransaction(this.#context, Operation.WRITE, transactionalId)
    return isAllowed ? ErrorCode.NONE : ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
  }

  #appendTopic(topic: Topic, wholeError: ErrorCode): TopicAnswer {
    let located: string | ErrorCode = wholeError
    if (wholeError === ErrorCode.NONE) {
      const isById = this.#context.apiVersion >= TOPIC_IDS_SINCE
      located = authorizedTopic(this.#context, Operation.WRITE, topic, isById)
    }
    const asked = lastOfEach(topic.partitionData)
    const partitionResponses = asked.map(pending)
    for (let slot = 0; slot < asked.length; slot++) {
      const data = asked[slot]!
      if (typeof located === 'number') {
        this.#failed = true
        partitionResponses[slot] = refused(data.index, located)
      } else {
        this.#appendOne(located, data, partitionResponses, slot)
      }
    }
    return { name: topic.name, topicId: topic.topicId, partitionResponses }
  }

  #appendOne(
    topic: string,
    { index, records }: Topic['partitionData'][number],
    answers: PartitionAnswer[],
    slot: number,
  ): void {
    const context = this.#context
    const { acks, timeoutMs, transactionalId } = this.#request
    const led = ledPartition(context, topic, index)
    const hasValidAcks = acks >= -1 && acks <= 1
    const located = hasValidAcks || typeof led === 'number' ? led : ErrorCode.INVALID_REQUIRED_ACKS
    // No transaction is ever under way (init-producer-id.ts): one that a batch began would hold
    // back readers for good.
    const isRefused = transactionalId !== null && records !== null && isTransactional(records)
    const fault = typeof located === 'number' ? located : writeFault(context, located)
    const error = fault === ErrorCode.NONE && isRefused ? ErrorCode.TRANSACTION_ABORTABLE : fault
    const partition = error === ErrorCode.NONE ? located : error
    if (typeof partition === 'number') {
      answers[slot] = this.#failure(topic, index, partition, null)
      return
    }
    this.#pending++
    const sequenced = partition.append(
      records,
      {
        acks,
        timeoutMs,
        transactionalId,
        produceVersion: context.apiVersion,
        nowMs: context.nowMs,
        frame: context.frame!,
      },
      outcome => {
        answers[slot] = this.#answerOf(topic, index, outcome)
        this.#settle()
      },
    )
    if (sequenced !== undefined) {
      this.#sequenced ??= []
      this.#sequenced.push(sequenced)
    }
  }

  #answerOf(topic: string, index: number, outcome: ProduceOutcome): PartitionAnswer {
    if (outcome.errorCode !== ErrorCode.NONE) {
      return this.#failure(topic, index, outcome.errorCode, outcome)
    }
    const { baseOffset, logAppendTimeMs, logStartOffset } = outcome
    return {
      index,
      errorCode: ErrorCode.NONE,
      baseOffset,
      logAppendTimeMs,
      logStartOffset,
      recordErrors: NO_RECORD_ERRORS,
    }
  }

  #failure(
    topic: string,
    index: number,
    code: ErrorCode,
    outcome: ProduceOutcome | null,
  ): PartitionAnswer {
    this.#failed = true
    const { apiKey, apiVersion } = this.#context
    const errorCode = errorForVersion(apiKey, apiVersion, code)
    const tellsLeader = apiVersion >= CURRENT_LEADER_SINCE && isAboutLeader(errorCode)
    return {
      index,
      errorCode,
      baseOffset: -1,
      logStartOffset: outcome?.logStartOffset ?? -1,
      recordErrors: (outcome?.recordErrors ?? []).map(({ batchIndex, message }) => ({
        batchIndex,
        batchIndexErrorMessage: message,
      })),
      errorMessage: outcome?.errorMessage ?? null,
      ...(tellsLeader && { currentLeader: currentLeader(this.#context, topic, index) }),
    }
  }

  #settle(): void {
    this.#pending--
    if (this.#pending > 0) return
    const context = this.#context
    if (this.#request.acks === 0) {
      // A closed connection is how a client that wants no answer learns to refresh its metadata.
      context.reply(this.#failed ? CLOSE_CONNECTION : NO_RESPONSE)
      return
    }
    const tellsLeaders =
      this.#failed &&
      context.apiVersion >= CURRENT_LEADER_SINCE &&
      this.#answer.some(t => t.partitionResponses.some(p => p.currentLeader !== undefined))
    context.reply({
      throttleTimeMs: 0,
      responses: this.#answer,
      ...(tellsLeaders && { nodeEndpoints: nodeEndpoints(context) }),
    })
  }
}

function hasTransactional({ partitionData }: Topic): boolean {
  for (let at = 0; at < partitionData.length; at++) {
    const { records } = partitionData[at]!
    if (records !== null && isTransactional(records)) return true
  }
  return false
}

function isTransactional(records: Buffer): boolean {
  return records.length >= BATCH_HEADER_BYTES && isTransactionalAt(records, 0)
}

const NO_RECORD_ERRORS: [] = []
/** Holds an answer's place in the order asked for; never sent. */
const PENDING: PartitionAnswer = refused(-1, ErrorCode.UNKNOWN_SERVER_ERROR)
const pending = () => PENDING

/** A partition that is listed twice gets one answer: as in Kafka, to what came last. */
function lastOfEach<P extends { readonly index: number }>(partitions: readonly P[]): readonly P[] {
  if (partitions.length === 1) return partitions
  const last = new Map(partitions.map(partition => [partition.index, partition]))
  return partitions.filter(partition => last.get(partition.index) === partition)
}

function nodeEndpoints(context: Context) {
  return liveBrokers(context).map(({ id, host, port, rack }) => ({ nodeId: id, host, port, rack }))
}
