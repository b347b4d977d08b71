import { describe } from 'vitest';
import { checkDeterminism } from '../../harness/conformance/determinism.js';
import { api, contenderOf, contenders } from './session.js';

for (const contender of contenders) {
  const { name, missing, suffix } = contender;
  describe.skipIf(missing !== undefined)(`${name}${suffix}`, () =>
    checkDeterminism(api, contenderOf(contender)),
  );
}
