/**
 * Small ranges of files that were read lately, at most one a file: a second reader of a quiet
 * partition's last bytes is spared the system call. Filled by reads alone: keeping all that is
 * written would cost every produce a copy for the few that are read back so soon.
 *
 * Invariants:
 *   (1) All blocks together take at most `BUDGET_BYTES`. When all are in use, they move in turn to
 *       the files that ask.
 *   (2) A block in use has one holder, which forgets it when it is told so, or has released it.
 */

/** Longer ranges are read each time: beside their copy the call is cheap. */
export const SMALL_READ_BYTES_MAX = 4096
const BUDGET_BYTES = 4 << 20
const BLOCKS_MAX = BUDGET_BYTES / SMALL_READ_BYTES_MAX

const NOTHING = Buffer.alloc(0)

/** What a block belongs to until it is needed elsewhere. */
export interface BlockHolder {
  /** The block is another's from here on. */
  onBlockTaken(): void
}

/** All blocks made so far. */
const blocks: ReadBlock[] = []
/** Those of them that nobody holds. */
const free: ReadBlock[] = []
/** The one to move next when all are held. */
let hand = 0

/** The bytes of one range of a file. */
export class ReadBlock {
  /** For `filled` to be told of what was read into it, from its start on. */
  readonly bytes = Buffer.allocUnsafeSlow(SMALL_READ_BYTES_MAX)
  /** What of it is filled. */
  #view = NOTHING
  #holder: BlockHolder | null = null
  #from = 0
  #to = 0

  /** A block for `holder`, with nothing in it yet. */
  static take(holder: BlockHolder): ReadBlock {
    const block = free.pop() ?? (blocks.length < BLOCKS_MAX ? made() : nextInTurn())
    block.#holder?.onBlockTaken()
    block.#holder = holder
    block.clear()
    return block
  }

  /** The holder needs it no more. */
  release(): void {
    this.#holder = null
    free.push(this)
  }

  holds(position: number, sizeBytes: number): boolean {
    return position >= this.#from && position + sizeBytes <= this.#to
  }

  /** Whether some of its bytes lie at `position` or behind. */
  reaches(position: number): boolean {
    return this.#to > position
  }

  /** Copies bytes that it holds to `target` from `at` on. */
  copy(target: Uint8Array, at: number, position: number, sizeBytes: number): void {
    const start = position - this.#from
    // Readers of a log's end mostly ask for the same range: this copy is the cheaper one.
    if (sizeBytes === this.#view.length) target.set(this.#view, at)
    else this.bytes.copy(target, at, start, start + sizeBytes)
  }

  /** What it held is about to be overwritten. */
  clear(): void {
    this.#from = this.#to = 0
  }

  /** `bytes` now begin with so many of the file's from `position` on. */
  filled(position: number, sizeBytes: number): void {
    if (this.#view.length !== sizeBytes) this.#view = this.bytes.subarray(0, sizeBytes)
    this.#from = position
    this.#to = position + sizeBytes
  }
}

function made(): ReadBlock {
  const block = new ReadBlock()
  blocks.push(block)
  return block
}

function nextInTurn(): ReadBlock {
  const block = blocks[hand] as ReadBlock
  hand = (hand + 1) % blocks.length
  return block
}

/** What the cache holds, for tests and metrics. */
export function smallReadCounts(): { readonly inUse: number; readonly bytes: number } {
  return { inUse: blocks.length - free.length, bytes: blocks.length * SMALL_READ_BYTES_MAX }
}
