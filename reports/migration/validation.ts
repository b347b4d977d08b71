import type { Validation } from '../../migration/validate/model.js';

export function validationPage(validation: Validation): string {
  return JSON.stringify(validation);
}
