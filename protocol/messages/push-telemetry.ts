import { bool, bytes, int8, int16, int32, message, uuid, type ValueOf } from '../schema.ts'

/**
 * PushTelemetry (key 72): metrics a client pushes, in OTLP (KIP-714).
 */
export const PushTelemetryRequest = message(
  72,
  'PushTelemetryRequest',
  { versions: '0', flexible: '0+' },
  {
    clientInstanceId: uuid('0+'),
    subscriptionId: int32('0+'),
    terminating: bool('0+'),
    compressionType: int8('0+'),
    metrics: bytes('0+'),
  },
)
export type PushTelemetryRequest = ValueOf<typeof PushTelemetryRequest>

export const PushTelemetryResponse = message(
  72,
  'PushTelemetryResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
  },
)
export type PushTelemetryResponse = ValueOf<typeof PushTelemetryResponse>
