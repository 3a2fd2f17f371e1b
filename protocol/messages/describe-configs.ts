import { array, bool, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * DescribeConfigs (key 32): configuration of topics, brokers, groups (KIP-133).
 * v1 synonyms and sources (KIP-226) · v3 documentation and types (KIP-569) · v4 flexible.
 */
export const DescribeConfigsRequest = message(
  32,
  'DescribeConfigsRequest',
  { versions: '1-4', flexible: '4+' },
  {
    resources: array('0+', {
      /** 2: topic · 4: broker · 8: broker logger · 16: client metrics · 32: group. */
      resourceType: int8('0+'),
      resourceName: string('0+'),
      /** Null asks for all. */
      configurationKeys: array('0+', string).nullable(),
    }),
    includeSynonyms: bool('1+').default(false),
    includeDocumentation: bool('3+').default(false),
  },
)
export type DescribeConfigsRequest = ValueOf<typeof DescribeConfigsRequest>

export const DescribeConfigsResponse = message(
  32,
  'DescribeConfigsResponse',
  { versions: '1-4', flexible: '4+' },
  {
    throttleTimeMs: int32('0+').default(0),
    results: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+').nullable(),
      resourceType: int8('0+'),
      resourceName: string('0+'),
      configs: array('0+', {
        name: string('0+'),
        value: string('0+').nullable(),
        readOnly: bool('0+'),
        configSource: int8('1+').default(-1).ignorable(),
        isSensitive: bool('0+'),
        synonyms: array('1+', {
          name: string('1+'),
          value: string('1+').nullable(),
          source: int8('1+'),
        }).ignorable(),
        configType: int8('3+').default(0).ignorable(),
        documentation: string('3+').nullable().default('').ignorable(),
      }),
    }),
  },
)
export type DescribeConfigsResponse = ValueOf<typeof DescribeConfigsResponse>
