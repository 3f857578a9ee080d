/** Hashes of nothing, and one of anything. */
export const MD5 = "d41d8cd98f00b204e9800998ecf8427e";
export const SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
export const SHA256 =
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
export const SHA512 = SHA256 + SHA256;
export const SSDEEP = "3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C";
