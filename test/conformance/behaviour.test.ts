import { describe } from 'vitest';
import { checkBehaviour } from '../../harness/conformance/behaviour.js';
import { api, contenderOf } from './facts.js';
import { contenders, mayOverlap } from './session.js';

for (const { name, definition, missing, suffix, standIn } of contenders) {
  const concurrent = mayOverlap(definition, standIn);
  describe.skipIf(missing !== undefined)(`${name}${suffix}`, { concurrent }, () =>
    checkBehaviour(api, contenderOf(definition)),
  );
}
