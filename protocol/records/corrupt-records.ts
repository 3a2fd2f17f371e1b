/** Bytes that claim to be records, or a compressed form of them, and are not. */
export class CorruptRecords extends Error {
  override readonly name = 'CorruptRecords'
}

/** Compressed bytes hold more than the reader is willing to take. */
export class ExpansionLimit extends Error {
  override readonly name = 'ExpansionLimit'
  readonly limitBytes: number

  constructor(limitBytes: number) {
    super(`the compressed records expand to more than ${limitBytes} bytes`)
    this.limitBytes = limitBytes
  }
}
