import type { Verification } from '../../migration/verify/verify.js';

export function verificationPage(verification: Verification): string {
  return JSON.stringify(verification);
}
