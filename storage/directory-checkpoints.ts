/**
 * The three files at the top of a directory that say, for all its logs, from where to recover,
 * where they start, and what consumers may see. Each is derivable: an unreadable one counts as
 * absent, which costs time, never records.
 *
 * Crash story: rewritten whole and atomically; at most one write of them is in flight.
 */
import type { Disk } from '../host/host.ts'
import { formatCheckpoint, parseOffsets, readTextFile, writeFileAtomically } from './checkpoint.ts'
import type { LoadJournal } from './load-report.ts'
import type { LogState } from './log-state.ts'
import { HIGH_WATERMARK_FILE, LOG_START_FILE, RECOVERY_POINT_FILE } from './names.ts'
import type { Offset } from './units.ts'

export class DirectoryCheckpoints {
  readonly #disk: Disk
  readonly #path: string
  /** File name -> content as last written. */
  readonly #written = new Map<string, string>()
  #lastWrite: Promise<void> = Promise.resolve()

  constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.#path = path
  }

  /** By partition folder name. */
  load(journal: LoadJournal): {
    recoveryPoints: Map<string, Offset>
    logStarts: Map<string, Offset>
    highWatermarks: Map<string, Offset>
  } {
    return {
      recoveryPoints: this.#load(RECOVERY_POINT_FILE, journal),
      logStarts: this.#load(LOG_START_FILE, journal),
      highWatermarks: this.#load(HIGH_WATERMARK_FILE, journal),
    }
  }

  #load(name: string, journal: LoadJournal): Map<string, Offset> {
    const path = `${this.#path}/${name}`
    const text = readTextFile(this.#disk, path)
    if (text === null) return new Map()
    const offsets = parseOffsets(text)
    if (offsets === null) journal.add('repaired', path, 'unreadable from byte 0 on: taken as empty')
    else this.#written.set(name, text)
    return offsets ?? new Map()
  }

  /** Rejects with DiskError; the files then keep their old content. */
  write(logs: Iterable<{ readonly state: LogState }>): Promise<void> {
    const recoveryPoints: string[] = []
    const logStarts: string[] = []
    const highWatermarks: string[] = []
    for (const { state: log } of logs) {
      const name = `${log.topic} ${log.partition}`
      recoveryPoints.push(`${name} ${log.recoveryPoint}`)
      highWatermarks.push(`${name} ${log.highWatermark}`)
      if (log.logStartOffset > (log.segments[0]?.baseOffset ?? 0)) {
        logStarts.push(`${name} ${log.logStartOffset}`)
      }
    }
    const write = async () => {
      await this.#replace(RECOVERY_POINT_FILE, recoveryPoints)
      await this.#replace(LOG_START_FILE, logStarts)
      await this.#replace(HIGH_WATERMARK_FILE, highWatermarks)
    }
    const done = this.#lastWrite.then(write, write)
    this.#lastWrite = done.catch(() => undefined)
    return done
  }

  async #replace(name: string, lines: readonly string[]): Promise<void> {
    const content = formatCheckpoint(lines)
    if (this.#written.get(name) === content) return
    this.#written.delete(name)
    await writeFileAtomically(this.#disk, this.#path, name, content)
    this.#written.set(name, content)
  }
}
