"""An example of a signing service: a small program apart from the registry, which only names it.

It asks the registry where a published table is, decides who may read it, and signs links that expire.
"""
