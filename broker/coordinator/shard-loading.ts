/** How a shard's state is read back: from its snapshot, then from the log. */
import type { Logger, Loop } from '../../host/host.ts'
import type { Machine } from './machine.ts'
import type { RecordCodec, ShardLog } from './shard-log.ts'
import type { SnapshotStore } from './snapshot.ts'

/** Records read in one turn. */
const SLICE_RECORDS = 2000

/** What loading needs. `Soft` and the rest of the machine's types do not matter for it. */
export interface LoadOptions<State, Rec> {
  readonly machine: Pick<Machine<State, never, Rec, never, never>, 'apply'>
  /** Changed in place. */
  readonly state: State
  readonly codec: RecordCodec<Rec>
  readonly log: ShardLog
  readonly loop: Loop
  readonly logger: Logger
  readonly snapshots: SnapshotStore<Rec> | null
  /** Asked between slices. */
  isGivenUp(): boolean
}

/** Where loading came to. */
export interface Loaded {
  /** Exclusive end of the records applied. */
  readonly appliedOffset: number
  /** Of these, how many came from the log. */
  readonly logRecords: number
}

/**
 * Applies all that is stored, in slices between turns. Resolves to null if it was given up. Rejects
 * with what reading the log throws: the state is of no use then.
 */
export async function loadState<State, Rec>(
  options: LoadOptions<State, Rec>,
): Promise<Loaded | null> {
  const { log, loop } = options
  const bound = log.nextOffset
  let at = applySnapshot(options)
  let logRecords = 0
  while (at < bound) {
    const slice = applySlice(options, at, bound)
    at = slice.nextOffset
    logRecords += slice.count
    if (at < bound) await loop.nextTurn()
    if (options.isGivenUp()) return null
  }
  return { appliedOffset: bound, logRecords }
}

/** Returns the offset from which the log is to be read. */
function applySnapshot<State, Rec>(options: LoadOptions<State, Rec>): number {
  const { log, machine, state } = options
  const snapshot = readSnapshot(options)
  const fits =
    snapshot !== null &&
    snapshot.nextOffset <= log.nextOffset &&
    snapshot.nextOffset >= log.logStartOffset
  if (!fits) return log.logStartOffset
  for (const record of snapshot.records) machine.apply(state, record)
  return snapshot.nextOffset
}

function readSnapshot<State, Rec>({ snapshots, logger }: LoadOptions<State, Rec>) {
  try {
    return snapshots?.load() ?? null
  } catch (error) {
    // The log holds all that a snapshot does: reading the log takes longer, nothing else.
    const { message } = error as Error
    logger.warn({ error }, `a coordinator snapshot is passed over, and the log read: ${message}`)
    return null
  }
}

function applySlice<State, Rec>(
  { codec, log, machine, state, logger }: LoadOptions<State, Rec>,
  from: number,
  bound: number,
): { nextOffset: number; count: number } {
  let count = 0
  for (const batch of log.readBatches(from, bound)) {
    // A snapshot may end inside what a compaction left as one batch; records are idempotent.
    const records = codec.decode(batch, (offset, reason) =>
      logger.warn({ offset, reason }, 'a coordinator record cannot be read, passing it over'),
    )
    for (const record of records) machine.apply(state, record)
    count += records.length
    if (count >= SLICE_RECORDS) return { nextOffset: batch.lastOffset + 1, count }
  }
  return { nextOffset: bound, count }
}
