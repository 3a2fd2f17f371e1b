/**
 * Strings of the wire: UTF-8, and nothing else. Most are short and ASCII (topics, client ids),
 * where a loop beats a call into C++.
 */
import { ProtocolViolation } from './errors.ts'

const SHORT_TEXT_BYTES = 12

/** The bytes from `start` to `end` (exclusive) as text; refuses what is not valid UTF-8. */
export function textAt(buffer: Buffer, start: number, end: number): string {
  if (end - start <= SHORT_TEXT_BYTES) {
    let text = ''
    for (let at = start; at < end; at++) {
      const byte = buffer[at]!
      if (byte >= 0x80) return checkedText(buffer, start, end)
      text += String.fromCharCode(byte)
    }
    return text
  }
  for (let at = start; at < end; at++) {
    if (buffer[at]! >= 0x80) return checkedText(buffer, start, end)
  }
  return buffer.toString('latin1', start, end)
}

function checkedText(buffer: Buffer, start: number, end: number): string {
  const text = buffer.toString('utf8', start, end)
  // What does not decode turns into U+FFFD, which may also have been sent as such: encoding again
  // tells the two apart.
  if (text.includes('\ufffd') && !Buffer.from(text).equals(buffer.subarray(start, end))) {
    throw new ProtocolViolation('text is not valid UTF-8')
  }
  return text
}

/** Bytes that `value` takes. A lone surrogate counts as U+FFFD, as it will be written. */
export function textBytes(value: string): number {
  if (value.length > SHORT_TEXT_BYTES) return Buffer.byteLength(value)
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) >= 0x80) return Buffer.byteLength(value)
  }
  return value.length
}

/** Writes `value`, of which the caller knows that it takes `sizeBytes`. */
export function putText(buffer: Buffer, at: number, value: string, sizeBytes: number): void {
  if (sizeBytes > SHORT_TEXT_BYTES || sizeBytes !== value.length) {
    buffer.write(value, at, sizeBytes)
    return
  }
  for (let i = 0; i < sizeBytes; i++) buffer[at + i] = value.charCodeAt(i)
}
