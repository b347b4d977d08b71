import { describe } from 'vitest';
import { checkExecution } from '../../harness/conformance/execution.js';
import { api, contenderOf } from './facts.js';
import { request } from './servers.js';
import { contenders, mayOverlap } from './session.js';

for (const { name, definition, missing, suffix, standIn } of contenders) {
  const mode = definition.server === undefined ? undefined : request(definition).mode;
  const concurrent = mayOverlap(definition, standIn);
  describe.skipIf(missing !== undefined)(`${name}${suffix}: how queries run`, { concurrent }, () =>
    checkExecution(api, contenderOf(definition), mode),
  );
}
