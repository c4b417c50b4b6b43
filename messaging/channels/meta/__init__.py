"""What WhatsApp on the Cloud API and Instagram share: Meta's signatures, its verification and its batches' JSON."""
