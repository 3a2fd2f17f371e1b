/**
 * What the disk answered when it could not do as asked. Thrown by every `Disk` and `File` call,
 * real or simulated.
 *
 * `code` is the operating system's name ('ENOSPC', 'EIO', 'ENOENT', 'EROFS', ...) or 'LOCKED' when
 * a folder belongs to another process or to another broker of this one.
 */
export class DiskError extends Error {
  override readonly name = 'DiskError'
  readonly code: string
  readonly path: string
  readonly call: string

  constructor(code: string, path: string, call: string, cause?: unknown) {
    super(`${call} ${path}: ${code}`, { cause })
    this.code = code
    this.path = path
    this.call = call
  }
}
