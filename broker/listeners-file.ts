import { DiskError } from '../host/disk-error.ts'
import type { Disk, Logger } from '../host/host.ts'
import { writeFileAtomically } from '../storage/checkpoint.ts'

/** What a broker listens on. */
export interface OpenListener {
  readonly listenerName: string
  /** An address, not a name. */
  readonly host: string
  readonly port: number
}

/** `PLAINTEXT://127.0.0.1:9092`, with brackets around an IPv6 address. */
export function listenerUrl({ listenerName, host, port }: OpenListener): string {
  return `${listenerName}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

export interface ListenersFileOptions {
  readonly disk: Disk
  readonly log: Logger
  /** ottla.listeners.file; null for none. */
  readonly path: string | null
}

/**
 * The file that tells where a broker listens (ottla.listeners.file). The file is there only while
 * the broker listens, unless the broker is killed: the next start removes what a kill left. A
 * file that cannot be written costs the broker nothing but a warning.
 */
export class ListenersFile {
  readonly #options: ListenersFileOptions

  constructor(options: ListenersFileOptions) {
    this.#options = options
  }

  async write(listeners: readonly OpenListener[]): Promise<void> {
    const { disk, log, path } = this.#options
    if (path === null) return
    const at = path.lastIndexOf('/')
    const folder = at < 0 ? '.' : path.slice(0, at) || '/'
    const text = listeners.map(listener => `${listenerUrl(listener)}\n`).join('')
    try {
      disk.makeFolder(folder)
      await writeFileAtomically(disk, folder, path.slice(at + 1), text)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      log.warn({ path, code: error.code }, 'ottla.listeners.file cannot be written')
    }
  }

  remove(): void {
    const { disk, log, path } = this.#options
    if (path === null) return
    try {
      disk.remove(path)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      log.warn({ path, code: error.code }, 'ottla.listeners.file cannot be removed')
    }
  }
}
