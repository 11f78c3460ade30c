/** Whether a line on standard error is the result of a sanitizer of the compiler. */
export function isSanitizerSummary(line: string): boolean {
  return /^SUMMARY: \w*Sanitizer: /.test(line);
}
