import { InputError } from '../../common/errors.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { NO_FILTERS } from '../../filters/support.js';

/** In place of an engine's name in an address. */
export const FILE = 'file';

/** Files as a source, described as an engine is; nothing is ever written to them. */
export function fileDefinition(
  absence: 'kept' | 'null',
  integerIds: Capabilities['integerIds'],
): EngineDefinition {
  return {
    name: FILE,
    title: 'Files',
    packages: [],
    capabilities: {
      metrics: ['cosine', 'dot', 'l2'],
      indexTypes: {},
      filters: NO_FILTERS,
      metadata: {
        types: {},
        absence,
        nested: 'native',
        emptyArrays: 'kept',
        undeclared: 'kept',
      },
      points: {
        vectors: {
          several: true,
          dense: ['f32', 'f16', 'bf16', 'int8', 'bit'],
          sparse: true,
          multi: true,
          absent: 'kept',
        },
        text: 'field',
        uri: 'field',
        tenant: 'field',
        snapshot: { consistency: 'snapshot', reopens: true },
        insertOnly: false,
        changes: null,
      },
      fieldNames: { empty: 'kept' },
      collectionNames: { empty: 'kept' },
      idKinds: ['u32', 'u64', 'string', 'uuid'],
      integerIds,
      maxDimensions: null,
      visibility: 'immediate',
      scores: {},
      deterministicBuild: 'always',
      execution: 'blocking',
      preparedSearches: 'one',
      remarks: [],
    },
    optionSchemas: () => ({ index: {}, search: {} }),
    parseOptions: () => {
      throw onlyRead();
    },
    checkData: () => [],
    connect: () => Promise.reject(onlyRead()),
  };
}

export function onlyRead(): InputError {
  return new InputError('files are a source alone: nothing is written to them, and they answer no searches', {
    next: 'choose an engine as the target, or write an export with "vecproof export"',
  });
}
