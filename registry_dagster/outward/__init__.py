"""What leaves the registry for people and programs elsewhere: pages, exports, mirrors, citations, an agent's tools."""
