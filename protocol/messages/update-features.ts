import { array, bool, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * UpdateFeatures (key 57): finalizes feature levels (KIP-584).
 * v1 upgrade types, validation only (KIP-778) · v2 no result per feature (KIP-1022).
 */
export const UpdateFeaturesRequest = message(
  57,
  'UpdateFeaturesRequest',
  { versions: '0-2', flexible: '0+' },
  {
    timeoutMs: int32('0+').default(60000),
    featureUpdates: array('0+', {
      feature: string('0+'),
      maxVersionLevel: int16('0+'),
      allowDowngrade: bool('0').default(false),
      upgradeType: int8('1+').default(1),
    }),
    validateOnly: bool('1+').default(false),
  },
)
export type UpdateFeaturesRequest = ValueOf<typeof UpdateFeaturesRequest>

export const UpdateFeaturesResponse = message(
  57,
  'UpdateFeaturesResponse',
  { versions: '0-2', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable(),
    results: array('0-1', {
      feature: string('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+').nullable(),
    })
      .default([])
      .ignorable(),
  },
)
export type UpdateFeaturesResponse = ValueOf<typeof UpdateFeaturesResponse>
