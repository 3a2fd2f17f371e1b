/**
 * A filesystem of its own in an image file, mounted through a loop device, whose power can be cut:
 * what was not synced is lost, and what was synced stays. Needs root.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { missing } from '../../compat/support/programs.ts'

export type FilesystemKind = 'ext4' | 'xfs'

/** XFS refuses images below 300 MiB. The image is sparse: only what is written takes room. */
const IMAGE_BYTES = 512 << 20

/** True, with the reason printed, where no loop device can be mounted or its power cut. */
export function loopDisksUnavailable(): boolean {
  if (process.getuid?.() !== 0) {
    console.warn('SKIPPED: mounting a loop device needs root; run the suite as root')
    return true
  }
  const programs = ['xfs_io', 'mkfs.xfs', 'mkfs.ext4', 'mount']
  return programs.some(name => missing(name, 'apt-get install xfsprogs e2fsprogs mount'))
}

export class LoopDisk implements Disposable {
  /** Where the filesystem is mounted. */
  readonly path: string
  readonly #folder: string
  readonly #image: string
  #isMounted = false

  constructor(kind: FilesystemKind) {
    this.#folder = mkdtempSync(join(tmpdir(), `ottla-${kind}-`))
    this.path = join(this.#folder, 'mounted')
    this.#image = join(this.#folder, 'image')
    mkdirSync(this.path)
    writeFileSync(this.#image, '')
    truncateSync(this.#image, IMAGE_BYTES)
    execFileSync(`mkfs.${kind}`, ['-q', this.#image])
    this.mount()
  }

  mount(): void {
    execFileSync('mount', ['-o', 'loop', this.#image, this.path])
    this.#isMounted = true
  }

  /** The filesystem stops at once, its log and all unsynced pages dropped. Writers get EIO. */
  cutPower(): void {
    execFileSync('xfs_io', ['-x', '-c', 'shutdown', this.path])
  }

  /** After whoever used the filesystem has ended. */
  unmount(): void {
    execFileSync('umount', [this.path])
    this.#isMounted = false
  }

  [Symbol.dispose](): void {
    if (this.#isMounted) execFileSync('umount', ['-l', this.path])
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
