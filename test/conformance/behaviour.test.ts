import { describe } from 'vitest';
import { checkBehaviour } from '../../harness/conformance/behaviour.js';
import { api, contenderOf, contenders, mayOverlap } from './session.js';

for (const contender of contenders) {
  const { name, definition, missing, suffix, standIn } = contender;
  const concurrent = mayOverlap(definition, standIn);
  describe.skipIf(missing !== undefined)(`${name}${suffix}`, { concurrent }, () =>
    checkBehaviour(api, contenderOf(contender)),
  );
}
